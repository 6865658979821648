package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "14abccc252876786cdbc0ee17f5f22acb5c2d471b4e16ebc34cdefa3564605e4"
