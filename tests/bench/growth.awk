# The table of growth.sh as a picture (SVG 1.1): each figure at each size, beside what it was at the first.
function x(leaves) { return 60 + 430 * log(leaves / first) / log(last / first) }
function y(ratio) { return 340 - 120 * (ratio > 2.6 ? 2.6 : ratio) }
BEGIN {
    FS = " *[|/] *"
    split("p50 of final,final a second,memory,disk a leaf,restart", names, ",")
    split("#1f4e9c,#b3541e,#2e7d32,#6a1b9a,#455a64", colours, ",")
}
$2 ~ /^[0-9]+$/ {
    leaves[++sizes] = $2
    at[1, sizes] = $3; at[2, sizes] = $5; at[3, sizes] = $6; at[4, sizes] = $7; at[5, sizes] = $8
}
END {
    if (sizes < 2) { print "a picture needs two sizes" >"/dev/stderr"; exit 1 }
    first = leaves[1]; last = leaves[sizes]
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 400\" font-family=\"sans-serif\" font-size=\"12\">"
    print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
    for (ratio = 0; ratio <= 2.5; ratio += 0.5) {
        printf "<path d=\"M60 %.1fH490\" stroke=\"#ddd\"/><text x=\"54\" y=\"%.1f\" text-anchor=\"end\">%.1f</text>\n",
            y(ratio), y(ratio) + 4, ratio
    }
    for (size = 1; size <= sizes; size++) {
        printf "<text x=\"%.1f\" y=\"360\" text-anchor=\"middle\">%d</text>\n", x(leaves[size]), leaves[size]
    }
    print "<text x=\"275\" y=\"384\" text-anchor=\"middle\">leaves; each figure beside what it was at the first size</text>"
    for (name = 1; name <= 5; name++) {
        points = ""
        for (size = 1; size <= sizes; size++) {
            points = points sprintf(" %.1f,%.1f", x(leaves[size]), y(at[name, size] / at[name, 1]))
        }
        printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", substr(points, 2), colours[name]
        printf "<text x=\"498\" y=\"%d\" fill=\"%s\">%s (%s)</text>\n", 40 + 20 * name, colours[name], names[name],
            sprintf("%.2f", at[name, sizes] / at[name, 1])
    }
    print "</svg>"
}
