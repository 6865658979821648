package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "f99a8310094aca5ec95bffec62d77ac57200298a3f0d043b0b5fa3cf594f65b0"
