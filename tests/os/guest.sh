# shellcheck shell=sh
# Run in the booted machine by the tests of the full boards: says what it finds, one fact a line.
state=$(systemctl is-system-running --wait)
echo "state: $state"
echo "failed: $(systemctl list-units --failed --plain --no-legend | cut -d' ' -f1 | tr '\n' ' ')"
. /etc/os-release
echo "os: $ID $VERSION_ID $IMAGE_ID"
echo "machine: $(uname -m) $(uname -n)"
echo "usr: $(findmnt -no SOURCE,FSTYPE,OPTIONS /usr | tr -s ' ')"
echo "root: $(findmnt -no FSTYPE,OPTIONS / | tr -s ' ')"
echo "root-mib: $(($(findmnt -bno SIZE /) / 1048576))"
echo "write-usr: $(touch /usr/x 2>&1)"
echo "write-etc: $(touch /etc/x 2>&1 && echo fine)"
echo "verity: $(dmsetup status usr)"
echo "target: $(systemctl is-active multi-user.target)"
echo "network: $(networkctl --no-pager --no-legend 2>/dev/null | grep -c 'routable')"
echo "resolver: $(readlink /etc/resolv.conf)"
echo "host-key: $(ls /etc/ssh/ssh_host_ed25519_key)"
echo "partitions: $(lsblk -rno PARTLABEL | grep . | tr '\n' ' ')"
echo "tty: $(systemctl is-active getty@tty1.service)"

# A container: an OCI bundle whose root is made of the machine's own /usr.
bundle=/run/test-bundle
mkdir -p $bundle/rootfs/usr $bundle/rootfs/proc $bundle/rootfs/dev
for link in bin:usr/bin sbin:usr/bin lib:usr/lib lib64:usr/lib; do
	ln -sfn "${link#*:}" "$bundle/rootfs/${link%%:*}"
done
cat >$bundle/config.json <<'JSON'
{
	"ociVersion": "1.0.2",
	"process": {
		"terminal": false,
		"user": {"uid": 0, "gid": 0},
		"args": ["bash", "-c", "echo container: pid $$ on $HOSTNAME, $(ls /proc | grep -c '^[0-9]') processes"],
		"env": ["PATH=/usr/bin"],
		"cwd": "/",
		"noNewPrivileges": true
	},
	"root": {"path": "rootfs", "readonly": true},
	"hostname": "inside",
	"mounts": [
		{"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]},
		{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}
	],
	"linux": {
		"namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}],
		"resources": {"memory": {"limit": 67108864}}
	}
}
JSON
crun run --bundle $bundle test 2>&1
echo "journal-errors: $(journalctl -b -p err --no-pager -q | grep -vc '^-- ')"
journalctl -b -p err --no-pager -q | sed 's/^/# /'
