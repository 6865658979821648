package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "82e9539491c9126d05b19ab111ef4192110901dfdf9428f56ba8a7c8384007c5"
