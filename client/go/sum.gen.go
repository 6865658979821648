package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "a3fd7c1d4a3a96e507e80b61bd4890e3173d8bbd62f4d9189dc0a56428e3fc71"
