# Nothing to build: the recipe's install phase puts files where they belong.
default_configure() { :; }
default_compile() { :; }
default_install() {
	echo "a recipe with \`build: copy\` needs \`phases: {install: …}\`" >&2
	return 1
}
