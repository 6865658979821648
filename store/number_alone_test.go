package store

import (
	"slices"
	"sync"
	"testing"

	"github.com/parley-voice/parley"
)

// shared makes an environment with a connection to the operator's account.
func shared(t testing.TB, d *DB) (env, connection string) {
	t.Helper()
	env = environment(t, d)
	doc, err := d.Create(t.Context(), env, AccountConnections, Doc{"type": parley.OperatorsTwilio, "config": Doc{}, "credentials": Doc{}})
	if err != nil {
		t.Fatal(err)
	}
	return env, str(doc, "id")
}

// testSharedPolicy: where the operator pays, calls go to the countries of the numbers that the account has, whatever else is linked or written.
func testSharedPolicy(t *testing.T, d *DB) {
	ctx := t.Context()
	env, id := shared(t, d)
	if _, err := d.Update(ctx, env, AccountConnections, id, Doc{"credentials": Doc{"country": "LV", "allowed_prefixes": []any{"+"}}}); err != nil {
		t.Fatal(err)
	}
	for _, doc := range []Doc{
		{"number": "+14155550101", "telephony_account_connection": id}, {"number": "+37120000001", "tags": []any{id}},
		{"number": "+25261000001", "telephony_account_connection": id, "carrier_status": "failed"},
	} {
		if _, err := d.LinkNumber(ctx, env, doc); err != nil {
			t.Fatal(err)
		}
	}
	p, err := d.DialPolicy(ctx, env, id, "+14155550101")
	if err != nil || !slices.Equal(p.Countries, []string{"US"}) || len(p.Prefixes) > 0 {
		t.Errorf("%+v %v", p, err)
	}
}

// testSharedAccount: a number of the operator's account is one environment's, whoever asks for it at the same time.
func testSharedAccount(t *testing.T, d *DB) {
	ctx := t.Context()
	const phone = "+14155550101"
	var envs, connections []string
	for range 4 {
		env, connection := shared(t, d)
		envs, connections = append(envs, env), append(connections, connection)
	}
	if _, err := d.LinkNumber(ctx, environment(t, d), Doc{"number": phone}); err != nil { // by a trunk of its own, which holds nobody up
		t.Fatal(err)
	}
	errs := make([]error, len(envs))
	var all sync.WaitGroup
	for i := range envs {
		all.Go(func() {
			_, errs[i] = d.LinkNumber(ctx, envs[i], Doc{"number": phone, "telephony_account_connection": connections[i], "carrier_status": "pending"})
		})
	}
	all.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil || status(err) != 409:
			t.Errorf("%d: %v after %d", i, err, winner)
		}
	}
	if winner < 0 {
		t.Fatal("nobody has it")
	}
	loser := (winner + 1) % len(envs)
	if _, err := d.LinkNumber(ctx, envs[loser], Doc{"number": phone}); err != nil {
		t.Fatal(err)
	}
	move := Doc{"telephony_account_connection": connections[loser]}
	if _, err := d.UpdateNumber(ctx, envs[loser], phone, move); status(err) != 409 {
		t.Errorf("moved there: %v", err)
	}
	if _, err := d.UpdateNumber(ctx, envs[winner], phone, Doc{"label": "mine"}); err != nil {
		t.Errorf("its own: %v", err)
	}
	if _, err := d.UpdateNumber(ctx, envs[winner], phone, Doc{"carrier_status": "failed"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.UpdateNumber(ctx, envs[loser], phone, move); err != nil {
		t.Errorf("of an order that came to nothing: %v", err)
	}
}
