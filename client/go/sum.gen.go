package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "b3e0befae2aa3590d71a91b3081650e4e278fea2d66955df2f5adbb1f87e0421"
