package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "6816711311587bc52deec3807e0ef322452c27fa0d78652a0b69df33c875ccf7"
