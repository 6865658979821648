package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "59088bb7733ef48c0fb3738cb6e4c6e75ffb5feaa8b9b9496bd97ed5913da6ce"
