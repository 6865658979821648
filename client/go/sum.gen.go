package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "f13e50953fdee89e20eb7602403185e120d9f9d0567fa292e09b2dbdfcd1f34b"
