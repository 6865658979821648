package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "41dcecdff0b4553dcfcaf1bc825cf6d71bbc423c3fbc1f4ff8d389646acdb642"
