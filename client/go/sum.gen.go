package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "f69b265e96862ff7d2781df31fa6ae090e97ef01d09327b4979f1b701c298b43"
