// The report's charts and table. Text from the data goes into the page as text, never as markup.
'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const packages = data.packages;
const byName = new Map(packages.map(p => [p.name, p]));
const $ = id => document.getElementById(id);

// ---- elements

function html(tag, attributes, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {}))
		element.setAttribute(name, value);
	element.append(...children);
	return element;
}

function svg(tag, attributes, ...children) {
	const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
	for (const [name, value] of Object.entries(attributes || {}))
		element.setAttribute(name, value);
	element.append(...children);
	return element;
}

function withTip(element, text) {
	element.addEventListener('pointermove', event => {
		const tip = $('tip');
		tip.textContent = text;
		tip.hidden = false;
		const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
		const below = event.clientY + 16 + tip.offsetHeight < innerHeight;
		tip.style.left = Math.max(4, x) + 'px';
		tip.style.top = (below ? event.clientY + 16 : event.clientY - tip.offsetHeight - 10) + 'px';
	});
	element.addEventListener('pointerleave', () => { $('tip').hidden = true; });
	return element;
}

// ---- units

function duration(seconds) {
	if (seconds < 9.95)
		return (Math.round(seconds * 10) / 10) + ' s';
	const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
	const parts = whole < 60 ? [[whole, 's']]
		: minutes < 60 ? [[minutes, 'min'], [whole % 60, 's']]
			: [[Math.floor(minutes / 60), 'h'], [minutes % 60, 'min']];
	return parts.filter(([count], i) => i === 0 || count).map(part => part.join(' ')).join(' ');
}

function bytes(count) {
	const units = ['B', 'kB', 'MB', 'GB', 'TB'];
	let at = 0;
	for (; count >= 1000 && at < units.length - 1; at++)
		count /= 1000;
	return (at && count < 100 ? count.toFixed(1) : Math.round(count)) + ' ' + units[at];
}

const sum = (list, value) => list.reduce((total, item) => total + value(item), 0);
const sizeOf = (p, output) => output === 'all'
	? sum(Object.values(p.outputs), n => n) : p.outputs[output] || 0;

// ---- in short

function showTiles() {
	const run = data.run;
	const tile = (value, label) =>
		$('tiles').append(html('div', {class: 'tile'}, html('b', {}, value), html('span', {}, label)));
	const done = packages.filter(p => p.state === 'built').length;
	tile(done === packages.length ? String(done) : done + ' of ' + packages.length, 'packages built');
	tile(bytes(sum(packages, p => sizeOf(p, 'run'))), 'of files to run (run)');
	tile(duration(sum(packages, p => p.seconds)), 'to build them all, one by one');
	tile(duration(sum(packages.filter(p => p.critical), p => p.seconds)), 'the longest chain of these');
	if (run && run.durationMs !== undefined)
		tile(duration(run.durationMs / 1000), 'took the last build');
	if (run && run.savedMs)
		tile(duration(run.savedMs / 1000), 'spared in it by reuse');
	$('subtitle').textContent = [data.arch, data.date].filter(Boolean).join(' · ');
}

// ---- timeline

const phaseGroups = {
	fetch: 'sources', unpack: 'sources', prepare: 'sources', configure: 'configure',
	compile: 'compile', check: 'check', install: 'install', strip: 'package', package: 'package',
};
const groupLabels = {
	sources: 'sources, prepare', configure: 'configure', compile: 'compile', check: 'check',
	install: 'install', package: 'strip, package',
};
const phaseColor = name => 'var(--' + (phaseGroups[name] || 'sources') + ')';

// [name, from, to] in milliseconds since the build's start.
function phasesOf(build) {
	const list = build.phases.length ? build.phases : [{name: 'fetch', afterMs: 0}];
	return list.map((phase, i) => [phase.name, i ? phase.afterMs : 0,
		Math.max(phase.afterMs, i + 1 < list.length ? list[i + 1].afterMs : build.durationMs)]);
}

function buildTip(build) {
	const lines = [build.package + ' ' + build.version + (build.critical ? ' · on the critical path' : ''),
		build.result + ' in ' + duration(build.durationMs / 1000) + ', '
		+ duration((build.userMs + build.systemMs) / 1000) + ' of processors, '
		+ bytes(build.peakBytes) + ' at most'];
	for (const [name, from, to] of phasesOf(build))
		if (to - from >= 50)
			lines.push(name + ': ' + duration((to - from) / 1000));
	return lines.join('\n');
}

function niceStep(milliseconds) {
	const steps = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5];
	return steps.find(step => step >= milliseconds) || 144e5;
}

function drawBuild(build, x, y, scale, height) {
	const width = Math.max(1.5, build.durationMs * scale);
	const group = svg('g', {class: 'build'});
	for (const [name, from, to] of phasesOf(build))
		group.append(svg('rect', {x: x + from * scale, y, height, fill: phaseColor(name),
			width: Math.max(0.5, Math.min((to - from) * scale, width - from * scale))}));
	if (build.critical || build.result === 'failed')
		group.append(svg('rect', {class: build.critical ? 'critical' : 'failed', x: x + 1, y: y + 1,
			width: Math.max(1, width - 2), height: height - 2}));
	const letters = Math.floor((width - 8) / 7);
	if (letters >= Math.min(3, build.package.length))
		group.append(svg('text', {class: 'on-bar', x: x + 5, y: y + height / 2 + 4},
			build.package.length <= letters ? build.package : build.package.slice(0, letters - 1) + '…'));
	return withTip(group, buildTip(build));
}

function drawTimeline() {
	const run = data.run, box = $('gantt');
	const start = run.startedMs || Math.min(...run.builds.map(b => b.startedMs));
	const end = Math.max(...run.builds.map(b => b.startedMs + b.durationMs));
	const lanes = 1 + Math.max(...run.builds.map(b => b.worker));
	const left = 26, top = 20, lane = 30, length = Math.max(1, end - start);
	const zoom = Math.pow(40, $('zoom').value / 100);
	const width = Math.max(200, Math.min(30000, (box.clientWidth - left - 8) * zoom));
	const scale = width / length, step = niceStep(length / width * 90);
	const chart = svg('svg', {width: left + width + 8, height: top + lanes * lane + 6, role: 'img',
		'aria-label': 'Builds of the last run over time, one row for each job at a time'});
	for (let i = 0; i < lanes; i++)
		chart.append(svg('rect', {class: 'lane', x: left, y: top + i * lane + 2, width, height: lane - 4, rx: 3}),
			svg('text', {class: 'axis', x: 2, y: top + i * lane + lane / 2 + 4}, '#' + (i + 1)));
	for (let at = 0; at <= length; at += step) {
		const x = left + at * scale;
		chart.append(svg('line', {class: 'grid', x1: x, x2: x, y1: top - 4, y2: top + lanes * lane}));
		if (x + 50 < left + width)
			chart.append(svg('text', {class: 'axis', x: x + 3, y: 12}, at ? duration(at / 1000) : '0'));
	}
	for (const build of run.builds)
		chart.append(drawBuild(build, left + (build.startedMs - start) * scale,
			top + build.worker * lane + 2, scale, lane - 4));
	box.replaceChildren(chart);
}

function showTimeline() {
	const run = data.run;
	if (!run || !run.builds.length) {
		$('timeline').remove();
		return;
	}
	const critical = run.builds.filter(b => b.critical);
	const busy = sum(run.builds, b => b.userMs + b.systemMs) / 1000;
	$('timeline-note').textContent =
		run.builds.length + (run.builds.length === 1 ? ' package, ' : ' packages, ')
		+ duration(busy) + ' of processors. Framed: the critical path, ' + critical.map(b => b.package).join(' → ')
		+ ', ' + duration(sum(critical, b => b.durationMs) / 1000)
		+ ': no number of jobs makes this run shorter.';
	const used = new Set(run.builds.flatMap(b => phasesOf(b).map(p => phaseGroups[p[0]] || 'sources')));
	for (const [group, label] of Object.entries(groupLabels))
		if (used.has(group))
			$('phases').append(html('span', {}, html('i', {style: 'background: var(--' + group + ')'}), label));
	$('zoom').addEventListener('input', drawTimeline);
	drawTimeline();
}

// ---- treemap: rows as square as they get (Bruls, Huizing, van Wijk: Squarified Treemaps, 2000)

const worst = (row, total, side) => {
	const most = row[0].area, least = row[row.length - 1].area;
	return Math.max(side * side * most / (total * total), total * total / (side * side * least));
};

function squarify(items, box) {
	const placed = [];
	let {x, y, width, height} = box, at = 0;
	while (at < items.length) {
		const side = Math.min(width, height);
		const row = [items[at++]];
		let total = row[0].area;
		while (at < items.length
			&& worst([...row, items[at]], total + items[at].area, side) <= worst(row, total, side))
			total += (row.push(items[at]), items[at++].area);
		const thick = total / side;
		let offset = 0;
		for (const item of row) {
			const long = item.area / thick;
			placed.push(width >= height ? {item, x, y: y + offset, width: thick, height: long}
				: {item, x: x + offset, y, width: long, height: thick});
			offset += long;
		}
		if (width >= height)
			x += thick, width -= thick;
		else
			y += thick, height -= thick;
	}
	return placed;
}

function drawCell({item, x, y, width, height}, total) {
	const letters = Math.floor((width - 8) / 7), name = item.name;
	const cell = svg('g', {class: 'cell'},
		svg('rect', {x, y, width, height}));
	if (letters >= 3 && height >= 18)
		cell.append(svg('text', {class: 'on-bar', x: x + 5, y: y + 15},
			name.length <= letters ? name : name.slice(0, letters - 1) + '…'));
	if (letters >= 8 && height >= 34)
		cell.append(svg('text', {class: 'on-bar axis', x: x + 5, y: y + 30}, bytes(item.size)));
	return withTip(cell, name + '\n' + bytes(item.size) + ', '
		+ (100 * item.size / total).toFixed(1) + ' % of ' + bytes(total));
}

function drawTreemap() {
	const output = $('output').value, box = $('treemap');
	const width = Math.max(200, box.clientWidth), height = Math.round(Math.min(520, Math.max(300, width * 0.5)));
	const items = packages.map(p => ({name: p.name, size: sizeOf(p, output)})).filter(i => i.size > 0)
		.sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
	const total = sum(items, i => i.size);
	for (const item of items)
		item.area = item.size / total * width * height;
	$('sizes-note').textContent = total ? bytes(total) + ' in ' + items.length + ' packages' : 'Nothing is built.';
	const chart = svg('svg', {width, height: total ? height : 0, role: 'img',
		'aria-label': 'Sizes of packages; the table below has the numbers'});
	for (const place of squarify(items, {x: 0, y: 0, width, height}))
		chart.append(drawCell(place, total));
	box.replaceChildren(chart);
}

function showSizes() {
	const outputs = new Set(packages.flatMap(p => Object.keys(p.outputs)));
	const order = ['run', 'dev', 'debug', 'doc'].filter(o => outputs.has(o));
	const others = [...outputs].filter(o => !order.includes(o)).sort();
	for (const output of [...order, ...others, 'all'])
		$('output').append(html('option', {value: output}, output));
	$('output').addEventListener('change', drawTreemap);
	drawTreemap();
}

// ---- dependencies: columns by the longest way from a package that needs nothing

const users = new Map(packages.map(p => [p.name, []]));
for (const p of packages)
	for (const name of p.edges)
		if (users.has(name))
			users.get(name).push(p.name);

function reach(name, next) {
	const seen = new Set(), todo = [name];
	while (todo.length)
		for (const other of next(todo.pop()))
			if (!seen.has(other) && byName.has(other))
				seen.add(other), todo.push(other);
	return seen;
}

function columns() {
	const rank = new Map();
	const rankOf = name => {
		if (!rank.has(name)) {
			rank.set(name, 0);
			const below = byName.get(name).edges.filter(e => byName.has(e)).map(rankOf);
			rank.set(name, below.length ? 1 + Math.max(...below) : 0);
		}
		return rank.get(name);
	};
	const list = [];
	for (const p of packages)
		(list[rankOf(p.name)] = list[rankOf(p.name)] || []).push(p.name);
	// A few sweeps that put each beside the middle of its neighbours cross fewer lines.
	const place = new Map();
	const number = column => column.forEach((name, i) => place.set(name, i - column.length / 2));
	list.forEach(number);
	for (let sweep = 0; sweep < 6; sweep++)
		for (const column of sweep % 2 ? [...list].reverse() : list) {
			const middle = new Map(column.map(name => {
				const near = [...byName.get(name).edges, ...users.get(name)].filter(n => place.has(n));
				return [name, near.length ? sum(near, n => place.get(n)) / near.length : place.get(name)];
			}));
			column.sort((a, b) => middle.get(a) - middle.get(b) || (a < b ? -1 : 1));
			number(column);
		}
	return list;
}

function choose(chart, name) {
	const again = chart.dataset.chosen === name;
	chart.dataset.chosen = again ? '' : name;
	const lit = again || !name ? null : new Set([name,
		...reach(name, n => byName.get(n).edges), ...reach(name, n => users.get(n))]);
	for (const node of chart.querySelectorAll('.node')) {
		node.classList.toggle('chosen', !!lit && node.dataset.name === name);
		node.classList.toggle('faded', !!lit && !lit.has(node.dataset.name));
	}
	for (const edge of chart.querySelectorAll('.edge'))
		edge.classList.toggle('faded', !!lit && !(lit.has(edge.dataset.from) && lit.has(edge.dataset.to)));
}

function nodeTip(p) {
	return p.name + ' ' + p.version + '\n' + p.summary + '\nbuilt in ' + duration(p.seconds)
		+ '\nneeds ' + (p.depends.join(', ') || 'nothing') + '\nneeded by '
		+ ([...reach(p.name, n => users.get(n))].length || 'no') + ' packages';
}

function drawGraph() {
	const list = columns(), box = $('graph');
	const rowHeight = 26, rows = Math.max(1, ...list.map(c => c.length));
	const widths = list.map(column => Math.max(...column.map(name => name.length)) * 7.4 + 16);
	// As much room for arrows as there is; where there is too little, it scrolls, and starts at the top.
	const room = (box.clientWidth - 8 - sum(widths, w => w)) / Math.max(1, list.length - 1);
	const gap = Math.min(110, Math.max(30, Math.floor(room)));
	const place = new Map();
	let x = 4;
	list.forEach((column, at) => {
		const top = room < 30 ? 0 : (rows - column.length) * rowHeight / 2;
		column.forEach((name, i) => place.set(name, {x, y: 4 + top + i * rowHeight, width: widths[at]}));
		x += widths[at] + gap;
	});
	const chart = svg('svg', {width: Math.max(0, x - gap + 4), height: rows * rowHeight + 8, role: 'img',
		'aria-label': 'Which package is built against which; the table below lists them'});
	for (const p of packages)
		for (const name of p.edges) {
			const from = place.get(name), to = place.get(p.name);
			if (!from)
				continue;
			const x1 = from.x + from.width, y1 = from.y + 10, y2 = to.y + 10, half = (to.x - x1) / 2;
			chart.append(svg('path', {class: 'edge' + (p.critical && byName.get(name).critical ? ' long' : ''),
				'data-from': name, 'data-to': p.name,
				d: `M${x1} ${y1}C${x1 + half} ${y1} ${to.x - half} ${y2} ${to.x} ${y2}`}));
		}
	for (const p of packages) {
		const at = place.get(p.name);
		const node = svg('g', {class: 'node' + (p.wanted ? ' wanted' : '') + (p.critical ? ' long' : ''),
			'data-name': p.name, tabindex: 0},
			svg('rect', {x: at.x, y: at.y, width: at.width, height: 20, rx: 4}),
			svg('text', {x: at.x + 8, y: at.y + 14}, p.name));
		node.addEventListener('click', () => choose(chart, p.name));
		node.addEventListener('keydown', event => event.key === 'Enter' && choose(chart, p.name));
		chart.append(withTip(node, nodeTip(p)));
	}
	box.replaceChildren(chart);
}

// ---- table

const fields = [
	['Package', p => p.name, p => p.name],
	['Version', p => p.version, p => p.version],
	['State', p => p.state, p => p.state],
	['Time', p => p.seconds, p => p.seconds ? duration(p.seconds) : '', 'number'],
	['Processors', p => (p.userMs || 0) + (p.systemMs || 0),
		p => p.userMs === undefined ? '' : duration((p.userMs + p.systemMs) / 1000), 'number'],
	['Memory', p => p.peakBytes || 0, p => p.peakBytes ? bytes(p.peakBytes) : '', 'number'],
	...['run', 'dev', 'debug', 'doc'].map(output =>
		[output, p => sizeOf(p, output), p => sizeOf(p, output) ? bytes(sizeOf(p, output)) : '', 'number']),
	['Licence', p => p.license || '', p => p.license || ''],
	['Key', p => p.key || '', p => (p.key || '').slice(0, 12), 'key'],
];
let sortedBy = 0, descending = false;

function fillTable() {
	const wanted = $('find').value.trim().toLowerCase();
	const shown = packages.filter(p => (p.name + ' ' + p.summary).toLowerCase().includes(wanted));
	const value = fields[sortedBy][1];
	shown.sort((a, b) => {
		const one = value(a), two = value(b);
		const order = typeof one === 'number' ? one - two
			: one.localeCompare(two, 'en', {numeric: true});
		return (descending ? -order : order) || (a.name < b.name ? -1 : 1);
	});
	$('table').tBodies[0].replaceChildren(...shown.map(p => {
		const row = html('tr', {}, ...fields.map(([, , text, kind]) =>
			html('td', kind ? {class: kind} : {}, text(p))));
		row.cells[0].title = p.summary;
		if (p.critical)
			row.cells[0].append(html('span', {class: 'mark', title: 'in the longest chain of builds'}, ' ●'));
		if (p.key)
			row.cells[fields.length - 1].title = p.key;
		return row;
	}));
	$('count').textContent = shown.length + ' of ' + packages.length;
	fields.forEach((field, i) => $('table').tHead.rows[0].cells[i].setAttribute('aria-sort',
		i !== sortedBy ? 'none' : descending ? 'descending' : 'ascending'));
}

function showTable() {
	const row = html('tr', {}, ...fields.map(([title, , , kind], i) => {
		const button = html('button', {type: 'button'}, title);
		button.addEventListener('click', () => {
			descending = i === sortedBy ? !descending : fields[i][3] === 'number';
			sortedBy = i;
			fillTable();
		});
		return html('th', kind === 'number' ? {class: 'number'} : {}, button);
	}));
	$('table').tHead.append(row);
	$('find').addEventListener('input', fillTable);
	fillTable();
}

// ---- the page

$('theme').addEventListener('click', () => {
	const root = document.documentElement;
	const dark = root.dataset.theme ? root.dataset.theme === 'dark'
		: matchMedia('(prefers-color-scheme: dark)').matches;
	root.dataset.theme = dark ? 'light' : 'dark';
});
showTiles();
showTimeline();
showSizes();
drawGraph();
showTable();
let drawnWidth = innerWidth;
addEventListener('resize', () => {
	if (innerWidth === drawnWidth)
		return;
	drawnWidth = innerWidth;
	if (data.run && data.run.builds.length)
		drawTimeline();
	drawTreemap();
	drawGraph();
});
