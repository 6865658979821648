package api

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/store"
)

// TestBoughtAndNotPointed: what is paid for stands as the account's, whatever else does not work, so that it can be given back.
func TestBoughtAndNotPointed(t *testing.T) {
	const phone = "+14155550150"
	c := newCarrier()
	c.pending = true
	h, account := carryingHouse(t, c)
	h.play(t, []scenario{{"order", "POST", "/v1/numbers/buy", `{"phone_number":"` + phone + `"}`, 201, statusPending}})
	n := h.number(t, phone)
	c.fails["find"] = errClosed
	if again, err := h.settle(t, account, n.ID, time.Hour); again == 0 || err == nil || h.number(t, phone).Status != statusPending {
		t.Errorf("with a key that is no longer taken: %v %v", again, err)
	}
	if again, err := h.settle(t, account, n.ID, patience+time.Hour); again != 0 || err != nil || h.number(t, phone).Status != statusFailed {
		t.Errorf("in the end: %v %v", again, err)
	}
	if _, err := h.db.UpdateNumber(t.Context(), h.a.env, n.ID, store.Doc{"carrier_status": statusPending}); err != nil {
		t.Fatal(err)
	}
	delete(c.fails, "find")
	c.owned[phone] = Line{Phone: phone}
	c.fails["point"] = errClosed
	if again, err := h.settle(t, account, n.ID, time.Hour); again != 0 || err != nil {
		t.Errorf("%v %v", again, err)
	}
	if n = h.number(t, phone); !n.Active || n.Status != "" || len(n.Warnings) != 1 || !strings.Contains(n.Warnings[0], "do not come here: "+errClosed.Message) {
		t.Errorf("%+v", n)
	}
	h.play(t, []scenario{{"give it back", "POST", "/v1/numbers/cancel?phone_number=%2B14155550150", ``, 201, phone}})
	if len(c.owned) != 0 {
		t.Errorf("still paid for: %v", c.owned)
	}
}
