package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "b336746d221a82fb94790ad43f0b157a404e56e87f75eaf9ab979034c90db284"
