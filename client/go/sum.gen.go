package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "b9359140cc5a6bed1e9f9885c4e8fd1bb9052626c17fb7d30d40f0a38d4f41ab"
