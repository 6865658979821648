package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "3c888445b2652c5dd6a923cc0c53a4fdf64fbcc76cd3cf3462f3895f71f14e46"
