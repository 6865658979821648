package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "1d1d87fb07b189a65fa0c80715720539ba484f50b3fe125bf2912d6021a51225"
