package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "442e6941e80b52c625624a691592422262024555f950b0dd7061dbc6dbca0d7b"
