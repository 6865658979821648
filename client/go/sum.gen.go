package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "13d55bbc541b65d10ddba93ff1a22fec5950fcdf7ea3bba58a7f733861cd85da"
