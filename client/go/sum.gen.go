package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "defe0cc1562b4be5e1612e8e66b0670ccc8df543da85b675967b7c9b1b156aca"
