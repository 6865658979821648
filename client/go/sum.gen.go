package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "e140788b6435622a92494b7dad0c39eed1efc5c3eac2f06491bd32e4f8c1106b"
