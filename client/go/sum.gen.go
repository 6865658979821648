package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "d14b2959785f837533ca253658bdde44258347bd398dad9bebcd84301fcb6ed9"
