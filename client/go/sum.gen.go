package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "41eea8fa8930f9bc876e1c3ddcbf09a39d16772f41bff96a587df499d7075b48"
