package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "e9a9add0750eced68670d7726ec5ec8acab833653335c14427a9574663337947"
