from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from interlock.core.errors import CallerError, OperatorError
from interlock.core.words import Caller
from interlock.identity import tokens
from interlock.identity.keys import SigningKey
from interlock.identity.tokens import MAX_LIFETIME, Mint, Principal, Rules, Verifier, is_name, require_scope
from interlock.identity.words import Refusal, RefusalCode

ISSUER = "http://127.0.0.1:8080/development"
GATEWAY = "http://127.0.0.1:8080"
SERVER_A = GATEWAY + "/servers/a/mcp"
SERVER_B = GATEWAY + "/servers/b/mcp"
NOW = 1_800_000_000
CURVE = ECKey.generate_key("P-256")
KEY = SigningKey(CURVE.thumbprint(), CURVE)
ANA = Principal(subject="ana", workload="agent", tenant="acme")


def claims_with(**changes: Any) -> dict[str, Any]:
    """Good claims with some changed, or left out where the change is None."""
    good = {
        "iss": ISSUER,
        "sub": "ana",
        "aud": GATEWAY,
        "exp": NOW + 900,
        "iat": NOW,
        "nbf": NOW,
        "jti": "token-1",
        "client_id": "agent",
        "tenant": "acme",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def verifier_of(key: SigningKey, clock: Any, rules: Rules | None = None) -> Verifier:
    return Verifier(ISSUER, key.public_keys(), {GATEWAY}, clock, rules or Rules())


def told(key: SigningKey, clock: Any, claims: dict[str, Any], resource: str = GATEWAY) -> Caller | Refusal:
    return verifier_of(key, clock).verify(key.sign("at+jwt", claims), resource)


def refused(answer: Caller | Refusal, *words: str) -> None:
    assert isinstance(answer, Refusal)
    assert answer.code is RefusalCode.INVALID_TOKEN
    assert all(word in answer.description for word in words)


def test_a_good_token_tells_the_caller(key: SigningKey, clock: Any) -> None:
    claims = claims_with(host="desk", scope="read write", act={"sub": "outer", "act": {"sub": "inner"}})
    assert told(key, clock, claims) == Caller(
        subject="ana",
        workload="agent",
        tenant="acme",
        credential_id="token-1",
        issuer=ISSUER,
        audience=(GATEWAY,),
        expires_at=NOW + 900,
        host="desk",
        machine=None,
        actors=("outer", "inner"),
        scopes=frozenset({"read", "write"}),
    )


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "tenant"])
def test_each_claim_is_needed(key: SigningKey, clock: Any, name: str) -> None:
    refused(told(key, clock, claims_with(**{name: None})))


def test_a_token_may_leave_out_when_it_starts(key: SigningKey, clock: Any) -> None:
    assert isinstance(told(key, clock, claims_with(nbf=None)), Caller)


WRONG = {
    "iss": [ISSUER + "/", ISSUER.upper(), "", [ISSUER], 1, True],
    "sub": ["", " ", "a ", "a\nb", "a\u202eb", "x" * 257, 1, ["ana"], {}],
    "client_id": ["", "\x00", 7, [], "x" * 257],
    "tenant": ["", " acme", 7, ["acme"], {"id": "acme"}, False],
    "jti": ["", 7, "x" * 257],
    "host": ["", 7, "a\tb", False, []],
    "aud": ["", [], [""], [GATEWAY, 1], {}, 1, "http://127.0.0.1:8080/", [SERVER_B + "x"], "*"],
    "exp": [str(NOW + 900), NOW + 900.5, True, -1, [], 10**30],
    "iat": [str(NOW), NOW + 0.5, True, -1, NOW + 31],
    "nbf": [str(NOW), NOW + 0.5, False, -1, NOW + 31],
    "scope": [1, ["read"], {}],
    "act": [
        {},
        "outer",
        [],
        {"sub": ""},
        {"sub": 1},
        {"sub": "a", "act": {}},
        {"sub": "1", "act": {"sub": "2", "act": {"sub": "3", "act": {"sub": "4", "act": {"sub": "5"}}}}},
    ],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_each_claim_must_be_right(key: SigningKey, clock: Any, name: str, value: object) -> None:
    refused(told(key, clock, claims_with(**{name: value})))


def test_four_actors_are_told_outermost_first(key: SigningKey, clock: Any) -> None:
    chain = {"sub": "1", "act": {"sub": "2", "act": {"sub": "3", "act": {"sub": "4"}}}}
    caller = told(key, clock, claims_with(act=chain))
    assert isinstance(caller, Caller)
    assert caller.actors == ("1", "2", "3", "4")


@pytest.mark.parametrize(
    ("at", "good"), [(NOW - 30, True), (NOW - 30.001, False), (NOW + 929.999, True), (NOW + 930, False)]
)
def test_a_token_is_good_up_to_its_border_and_the_leeway(key: SigningKey, clock: Any, at: float, good: bool) -> None:  # noqa: FBT001 - a table
    clock.at = at
    assert isinstance(told(key, clock, claims_with()), Caller) is good


@pytest.mark.parametrize(("at", "good"), [(NOW + 899.999, True), (NOW + 900, False)])
def test_without_leeway_it_ends_exactly_when_it_says(key: SigningKey, clock: Any, at: float, good: bool) -> None:  # noqa: FBT001 - a table
    clock.at = at
    answer = verifier_of(key, clock, Rules(leeway=0)).verify(key.sign("at+jwt", claims_with()), GATEWAY)
    assert isinstance(answer, Caller) is good


def test_a_remembered_token_ends_as_a_fresh_one_does(key: SigningKey, clock: Any) -> None:
    verifier, token = verifier_of(key, clock), key.sign("at+jwt", claims_with())
    for at in (NOW, NOW + 899, NOW + 929):
        clock.at = at
        assert isinstance(verifier.verify(token, GATEWAY), Caller)
    clock.at = NOW + 930
    refused(verifier.verify(token, GATEWAY), "expired")


def test_a_lifetime_beyond_an_hour_is_refused(key: SigningKey, clock: Any) -> None:
    assert isinstance(told(key, clock, claims_with(exp=NOW + MAX_LIFETIME)), Caller)
    refused(told(key, clock, claims_with(exp=NOW + MAX_LIFETIME + 1)), "lifetime")


def test_a_token_for_one_server_is_good_there_alone(key: SigningKey, clock: Any) -> None:
    verifier, token = verifier_of(key, clock), key.sign("at+jwt", claims_with(aud=SERVER_A))
    for _ in range(2):  # the second time from memory
        assert isinstance(verifier.verify(token, SERVER_A), Caller)
        refused(verifier.verify(token, SERVER_B), "another resource")
        refused(verifier.verify(token, GATEWAY), "another resource")
        refused(verifier.verify(token, SERVER_A + "/"), "another resource")


def test_a_token_for_the_gateway_is_good_everywhere(key: SigningKey, clock: Any) -> None:
    token = key.sign("at+jwt", claims_with(aud=["https://elsewhere.example", GATEWAY]))
    for resource in (GATEWAY, SERVER_A, SERVER_B):
        assert isinstance(verifier_of(key, clock).verify(token, resource), Caller)


def test_a_hot_token_is_opened_once(key: SigningKey, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = tokens.open_signed

    def counting(token: str, *rest: Any) -> Any:
        opened.append(token)
        return real(token, *rest)

    monkeypatch.setattr(tokens, "open_signed", counting)
    verifier, token = verifier_of(key, clock), key.sign("at+jwt", claims_with())
    first = verifier.verify(token, GATEWAY)
    assert verifier.verify(token, GATEWAY) is first
    assert opened == [token]
    clock.at = NOW + 900  # expired, though within the leeway: read anew, each time
    verifier.verify(token, GATEWAY)
    verifier.verify(token, GATEWAY)
    assert len(opened) == 3


def test_a_refused_token_is_not_remembered_as_good(key: SigningKey, clock: Any) -> None:
    verifier, token = verifier_of(key, clock), key.sign("at+jwt", claims_with(nbf=NOW + 60))
    refused(verifier.verify(token, GATEWAY), "not valid yet")
    clock.at = NOW + 60
    assert isinstance(verifier.verify(token, GATEWAY), Caller)


def test_new_keys_end_what_the_old_ones_verified(key: SigningKey, other_key: SigningKey, clock: Any) -> None:
    verifier, token = verifier_of(key, clock), key.sign("at+jwt", claims_with())
    assert isinstance(verifier.verify(token, GATEWAY), Caller)
    verifier.replace_keys(other_key.public_keys())
    refused(verifier.verify(token, GATEWAY), "key")
    assert isinstance(verifier.verify(other_key.sign("at+jwt", claims_with()), GATEWAY), Caller)


def test_memory_is_bounded(key: SigningKey, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_CACHE_SIZE", 2)
    verifier = verifier_of(key, clock)
    for number in range(5):
        verifier.verify(key.sign("at+jwt", claims_with(jti=str(number))), GATEWAY)
    assert {caller.credential_id for caller in verifier._trust[1].values()} == {"3", "4"}


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "", "EdDSA"])
def test_rules_with_another_algorithm_are_the_operators_fault(algorithm: str) -> None:
    with pytest.raises(OperatorError):
        Rules(algorithm=algorithm)


@pytest.mark.parametrize("leeway", [-1, 31])
def test_rules_with_a_wide_leeway_are_the_operators_fault(leeway: int) -> None:
    with pytest.raises(OperatorError):
        Rules(leeway=leeway)


def test_the_type_of_a_token_is_fixed_by_configuration(key: SigningKey, clock: Any) -> None:
    token = key.sign("JWT", claims_with())
    refused(verifier_of(key, clock).verify(token, GATEWAY), "type")
    assert isinstance(verifier_of(key, clock, Rules(kinds=frozenset({"jwt"}))).verify(token, GATEWAY), Caller)
    long = key.sign("application/at+jwt", claims_with())
    assert isinstance(verifier_of(key, clock).verify(long, GATEWAY), Caller)


def test_a_scope_that_is_missing_is_told(key: SigningKey, clock: Any) -> None:
    caller = told(key, clock, claims_with(scope="read"))
    assert isinstance(caller, Caller)
    assert require_scope(caller, "read") is None
    lacking = require_scope(caller, "write")
    assert lacking is not None
    assert lacking.code is RefusalCode.INSUFFICIENT_SCOPE


names = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)


@given(
    st.builds(
        Principal,
        subject=names,
        workload=names,
        tenant=names,
        host=st.none() | names,
        actors=st.lists(names, max_size=4).map(tuple),
        scopes=st.frozensets(st.text("abc:.", min_size=1, max_size=5), max_size=3),
    ),
    st.integers(1, MAX_LIFETIME),
)
def test_who_is_minted_is_who_is_verified(who: Principal, lifetime: int) -> None:
    token = Mint(KEY, ISSUER, lambda: NOW + 0.7).mint(who, SERVER_A, lifetime)
    caller = Verifier(ISSUER, KEY.public_keys(), {GATEWAY}, lambda: NOW + 0.7).verify(token, SERVER_A)
    assert isinstance(caller, Caller)
    found = Principal(
        subject=caller.subject,
        workload=caller.workload,
        tenant=caller.tenant,
        host=caller.host,
        actors=caller.actors,
        scopes=caller.scopes,
    )
    assert (found, caller.expires_at, caller.audience) == (who, NOW + lifetime, (SERVER_A,))


def test_no_two_minted_tokens_share_an_id(key: SigningKey, clock: Any) -> None:
    mint, verifier = Mint(key, ISSUER, clock), verifier_of(key, clock)
    callers = [verifier.verify(mint.mint(ANA, GATEWAY, 60), GATEWAY) for _ in range(3)]
    assert len({caller.credential_id for caller in callers if isinstance(caller, Caller)}) == 3


@pytest.mark.parametrize("lifetime", [0, -1, MAX_LIFETIME + 1])
def test_no_other_lifetime_is_minted(key: SigningKey, clock: Any, lifetime: int) -> None:
    with pytest.raises(OperatorError):
        Mint(key, ISSUER, clock).mint(ANA, GATEWAY, lifetime)


@pytest.mark.parametrize(
    "who",
    [
        Principal(subject="", workload="w", tenant="t"),
        Principal(subject="s", workload="w\n", tenant="t"),
        Principal(subject="s", workload="w", tenant="t", host=""),
        Principal(subject="s", workload="w", tenant="t", actors=("a",) * 5),
    ],
)
def test_nobody_is_minted_whom_no_verifier_would_accept(key: SigningKey, clock: Any, who: Principal) -> None:
    with pytest.raises(CallerError):
        Mint(key, ISSUER, clock).mint(who, GATEWAY, 60)


@given(st.text(max_size=300))
def test_verifying_never_raises_and_never_quotes(token: str) -> None:
    answer = Verifier(ISSUER, KEY.public_keys(), {GATEWAY}, lambda: NOW).verify(token, GATEWAY)
    assert isinstance(answer, Refusal)
    assert not token.strip() or len(token) < 8 or token not in answer.description


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sub", "act", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(claims_with(act=1, scope=1, host=1))), json_values, max_size=4))
def test_signed_nonsense_never_raises_and_a_caller_is_always_whole(changes: dict[str, Any]) -> None:
    token = KEY.sign("at+jwt", {**claims_with(), **changes})
    answer = Verifier(ISSUER, KEY.public_keys(), {GATEWAY}, lambda: NOW).verify(token, GATEWAY)
    if isinstance(answer, Caller):
        assert all(is_name(each) for each in (answer.subject, answer.workload, answer.tenant, *answer.actors))
        assert len(answer.actors) <= 4
        assert GATEWAY in answer.audience
