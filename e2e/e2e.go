// Package e2e has the tests that start the real binary and ring it from telephones that nobody here wrote: baresip and sipp.
// They are behind the build tag e2e; make e2e installs the telephones and runs them. It starts no goroutine of its own.
package e2e
