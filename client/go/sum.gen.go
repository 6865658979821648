package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "3e929fa1cf5fa66fc339fe3dd37fbc91bb9c9096dd65b76034b0a5b0534c88f6"
