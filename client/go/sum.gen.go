package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "c215465a5695b08c8531033243a7c0d6e662d626d56a30fe5fe03dc8df051680"
