package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "4c43de1df5cb56e22e30bfc538b7af3ee710769128443851be5d8fd3e73003e1"
