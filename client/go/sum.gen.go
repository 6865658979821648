package client

// contractSum is the SHA-256 of the contract that client.gen.go was made from.
const contractSum = "5c313b001426cfaa3f1353e1cc7c3481e44ab8576f43429cf12d341aec6053e9"
