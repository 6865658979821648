package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "a9d5b90e2f91e7200b057e1df0397965027bd04dd95368121c0032feac6b2dac"
