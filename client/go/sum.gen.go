package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "0c5a62ca43d26f0fa4ce0713c7fe1536c9bc71e41b93a4dcf3ba14cb33d4a104"
