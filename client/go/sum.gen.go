package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "62d4d91fa67ffd8aecf9537a46b28c8b2d45609bf8ae095c964bddff62ac8527"
