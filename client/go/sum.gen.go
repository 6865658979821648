package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "ac5ba71665af65751343979dc25d4205481ea5e8084855b34843fa5208dec68f"
