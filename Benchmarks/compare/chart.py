"""A bar chart as SVG, legible without colour: Quell's bars are dark, the others' light."""
from html import escape

WIDTH, BAR, GAP, LEFT, RIGHT = 860, 20, 8, 260, 90
DARK, LIGHT = "#0b5fa5", "#b9c4cf"


def draw(rows, title):
    """The SVG of decode and prefill rates, one panel above the other."""
    parts, y = [f'<text x="16" y="30" font-size="16" font-weight="bold">{escape(title)}</text>'], 60
    for test, heading in (("decode", "Decode, tokens per second"), ("prefill", "Prefill, tokens per second")):
        parts.append(f'<text x="16" y="{y}" font-size="14" font-weight="bold">{heading}</text>')
        y += 14
        most = max(row[test] for row in rows)
        for row in rows:
            length = (WIDTH - LEFT - RIGHT) * row[test] / most
            fill = DARK if row["program"].startswith("quell") else LIGHT
            parts.append(f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(row["program"])}</text>')
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{fill}"/>')
            parts.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 15}">{row[test]:.1f}</text>')
            y += BAR + GAP
        y += 28
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="13">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y}" fill="white"/>', *parts, "</svg>"]) + "\n"
