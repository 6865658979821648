package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "00bbaba36414ddabbe71a98f47eb235eafe546078609cff535c318cb0ca8dee0"
