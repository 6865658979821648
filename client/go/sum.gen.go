package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "4cc9d6bb41884da256b39e26f7bcad5ac3e7113451133df53c8b123a344897f0"
