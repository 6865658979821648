package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "fa51661e948fa1943e56ad5a3ea3b5f4fb04955c75968fed10ab279d4317f91c"
