package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "79e809079b8abfa7480e124f77e9717ec5d7cf6943fac937bec584a6208f126d"
