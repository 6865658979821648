package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "8144e7057c1d58d61b0f967d35dbd7df3a5b7dec5fc9acc2519e88acc7e1a969"
