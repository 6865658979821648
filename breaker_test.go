package parley

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestBreakerOpensAndHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all Breakers
		b := all.Of("acme")
		if all.Of("acme") != b || all.Of("other") == b {
			t.Fatal("breakers are not kept by name")
		}
		for i := range 3 {
			if !b.Allow() {
				t.Fatalf("closed after %d failures", i)
			}
			b.Failed()
			time.Sleep(time.Second)
		}
		if b.Allow() {
			t.Fatal("three failures in three seconds did not open it")
		}
		time.Sleep(10 * time.Second)
		if !b.Allow() {
			t.Fatal("no probe after the pause")
		}
		if b.Allow() {
			t.Fatal("two probes at once")
		}
		b.Failed()
		time.Sleep(9 * time.Second)
		if b.Allow() {
			t.Fatal("a failed probe must make it wait again")
		}
		time.Sleep(time.Second)
		if !b.Allow() {
			t.Fatal("no second probe")
		}
		b.Worked()
		for range 2 {
			if !b.Allow() {
				t.Fatal("a probe that worked must close it")
			}
		}
	})
}

func TestBreakerForgetsOldFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Breaker
		for range 10 {
			b.Failed()
			time.Sleep(16 * time.Second)
		}
		if !b.Allow() {
			t.Fatal("failures 32 s apart opened it")
		}
	})
}

func TestVendorErrorTemporary(t *testing.T) {
	for code, want := range map[VendorCode]bool{
		VendorUnauthorized: false, VendorRefused: false, VendorBadOutput: false, VendorUnsupported: false,
		VendorRateLimited: true, VendorUnavailable: true, VendorTimeout: true,
	} {
		if got := (&VendorError{Code: code}).Temporary(); got != want {
			t.Errorf("%s: Temporary is %v", code, got)
		}
	}
}

func TestAskable(t *testing.T) {
	gone := errors.New("no key")
	can, cannot := Askable([]string{"a", "b", "c"}, func(v string) error {
		if v == "b" {
			return gone
		}
		return nil
	})
	if fmt.Sprint(can, cannot) != "[a c] [b]" {
		t.Errorf("%v can, %v cannot", can, cannot)
	}
}
