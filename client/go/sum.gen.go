package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "8092113766939f49333002fff144aa432e8a30a4268ec8f91c661b5bdd3b6527"
