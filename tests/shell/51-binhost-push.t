#!/bin/sh
# Writing a binhost: keys.
. "$(dirname "$0")/../lib.sh"
command -v gpg-agent >/dev/null || skip_all "no gpg-agent to sign with"
cd "$SDK_TOP" || exit 1
mkdir "$TMP/home"
export SDK_DATA="$TMP/data" HOME="$TMP/home"
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)'"$1"')'; }

# ---- keys
keys() { "$SDK" binhost keys "$@"; }
ok "no keys yet" sh -c "'$SDK' binhost keys | grep -q 'keys make'"
ok "a key is made" keys make --name='CI <ci@example.org>' --days=100
first=$(keys --json | field '[0]["fingerprint"]')
ok "… and listed with its end" sh -c "'$SDK' binhost keys | grep -q '^$first  valid .* $(date -u -d '+100 days' +%Y-%m-%d)'"
is "… where only we may read" "$(stat -c %a "$SDK_DATA/gnupg")" 700
ok "… its public part is written" grep -q 'BEGIN PGP PUBLIC KEY' "$SDK_DATA/keys/$first.asc"
is "… and the user's own keys were not touched" "$(ls -A "$HOME")" ""
is "… and no agent is left" "$(pgrep -fc "gpg-agent --homedir $SDK_DATA")" 0
ok "a key takes over" keys rotate --overlap-days=7
ok "… the old one signs for some days more" sh -c "'$SDK' binhost keys | grep -q '^$first  valid .* $(date -u -d '+7 days' +%Y-%m-%d)'"
fails "a key that we don't have" 2 'no key of ours' keys revoke 0123456789
fails "what can't be understood" 2 'list, make, rotate' keys destroy
chmod 755 "$SDK_DATA/gnupg"
fails "keys that others can read are refused" 5 'chmod 700' keys
chmod 700 "$SDK_DATA/gnupg"
ok "a key is revoked" keys revoke "$(printf %s "$first" | tail -c 16)"
ok "… and says so" sh -c "'$SDK' binhost keys | grep -q '^$first  revoked'"
ok "… in its public part as well" sh -c "gpg --homedir '$TMP' --show-keys '$SDK_DATA/keys/$first.asc' | grep -q revoked"
done_testing
