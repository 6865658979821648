package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "122c1fefadb3b627c1229ca55346a75732b3b535eace75b1f74b4ecc1aa4258a"
