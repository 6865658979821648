// Package conversation is the loop: hear, decide, speak, until someone ends it.
package conversation
