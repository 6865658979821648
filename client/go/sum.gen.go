package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "26c611cbf0511d2599a50dd4c547a5a5e90fb792a39746258a7540560d52b0da"
