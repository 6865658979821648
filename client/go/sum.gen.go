package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "77bd5d89b4eb65090fb25353d007f193b34a9b6f39e2b3da87d1e7338819eb10"
