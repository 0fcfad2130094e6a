/// Bars made of parts on top of one another, side by side over one scale.
public struct StackedBars: Sendable {
  /// A bar: its name, and the sizes of its parts.
  public struct Bar: Sendable {
    let name: String
    let parts: [Double]

    /// A bar with parts in the order of the chart's.
    public init(_ name: String, parts: [Double]) {
      self.name = name
      self.parts = parts
    }
  }

  let title: String
  let unit: String
  let bars: [Bar]

  /// A chart.
  public init(title: String, unit: String, bars: [Bar]) {
    self.title = title
    self.unit = unit
    self.bars = bars
  }

  /// Draws the chart into a rectangle of a drawing.
  public func draw(into drawing: inout SVGDrawing, x: Double, y: Double, width: Double, height: Double, parts names: [String]) {
    let axis = Axis(greatest: bars.map { $0.parts.reduce(0, +) }.max() ?? 0)
    let (left, top, bottom) = (x + 56, y + 34, y + height - 26)
    func place(_ value: Double) -> Double { bottom - (bottom - top) * value / axis.end }
    drawing.text("\(title), \(unit)", x: x, y: y + 14, size: 13, bold: true)
    for mark in axis.marks {
      drawing.line(from: (left, place(mark)), to: (x + width, place(mark)), color: mark == 0 ? "#222222" : "#dddddd")
      drawing.text(axis.label(mark), x: left - 6, y: place(mark) + 4, size: 11, anchor: .end)
    }
    let step = (x + width - left) / Double(max(bars.count, 1))
    for (index, bar) in bars.enumerated() {
      let start = left + step * (Double(index) + 0.2)
      var below = 0.0
      for (part, size) in bar.parts.enumerated() where size > 0 {
        let (lower, upper) = (place(below), place(below + size))
        drawing.rectangle(
          x: start, y: upper, width: step * 0.6, height: lower - upper, fill: Palette.color(part),
          hint: "\(bar.name), \(names[part]): \(Axis.text(size, decimals: 3)) \(unit)")
        below += size
      }
      let total = below >= 100 ? Axis.text(below, decimals: 0) : Axis.text(below, decimals: below >= 1 ? 1 : 3)
      drawing.text(total, x: start + step * 0.3, y: place(below) - 5, size: 11, anchor: .middle, bold: true)
      drawing.text(bar.name, x: start + step * 0.3, y: bottom + 17, size: 12, anchor: .middle)
    }
  }

  /// Draws what the colours of parts stand for, one line each from the top part to the lowest.
  public static func drawLegend(into drawing: inout SVGDrawing, x: Double, y: Double, parts names: [String]) {
    for (line, part) in names.indices.reversed().enumerated() {
      let top = y + 20 * Double(line)
      drawing.rectangle(x: x, y: top, width: 13, height: 13, fill: Palette.color(part))
      drawing.text(names[part], x: x + 20, y: top + 11)
    }
  }
}
