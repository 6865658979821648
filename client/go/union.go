package client

import (
	"encoding/json"
	"fmt"
)

// Union makes one of the contract's unions, such as an AgentRef, of what stands in its place: an id, or an object.
func Union[T any, P interface {
	*T
	json.Unmarshaler
}](v any) (T, error) {
	var u T
	b, err := json.Marshal(v)
	if err == nil {
		err = P(&u).UnmarshalJSON(b)
	}
	if err != nil {
		return u, fmt.Errorf("making a %T: %w", u, err)
	}
	return u, nil
}
