/// Fractions in a grid, the greater the darker, each with its number in percent.
public struct HeatMap: Sendable {
  /// How large a field is.
  public static let field = (width: 30.0, height: 19.0)

  let title: String
  /// What the columns are.
  let caption: String
  let rows: [String]
  let columns: [String]
  let fractions: [[Double?]]

  /// A map with names at its rows and columns; nil leaves a field empty.
  public init(title: String, caption: String, rows: [String], columns: [String], fractions: [[Double?]]) {
    (self.title, self.caption, self.rows, self.columns, self.fractions) = (title, caption, rows, columns, fractions)
  }

  /// How high the map is with its title and the names of its columns.
  public var height: Double { 46 + HeatMap.field.height * Double(rows.count) }

  /// Draws the map, its names within `margin` on the left.
  public func draw(into drawing: inout SVGDrawing, x: Double, y: Double, margin: Double) {
    let (field, left, top) = (HeatMap.field, x + margin, y + 24)
    drawing.text(title, x: x, y: y + 14, size: 13, bold: true)
    for (row, name) in rows.enumerated() {
      let place = top + field.height * Double(row)
      drawing.text(name, x: left - 8, y: place + 13, size: 11, anchor: .end)
      for (column, fraction) in fractions[row].enumerated() {
        guard let fraction else { continue }
        let start = left + field.width * Double(column)
        let percent = Axis.text(100 * fraction, decimals: 0)
        drawing.rectangle(
          x: start, y: place, width: field.width - 1, height: field.height - 1, fill: Palette.shade(fraction),
          hint: "\(name), \(columns[column]): \(Axis.text(100 * fraction, decimals: 1)) %")
        drawing.text(
          percent, x: start + field.width / 2 - 0.5, y: place + 13, size: 10, anchor: .middle,
          color: fraction > 0.65 ? "#ffffff" : "#222222")
      }
    }
    let bottom = top + field.height * Double(rows.count) + 13
    drawing.text(caption, x: left - 8, y: bottom, size: 11, anchor: .end, color: "#555555")
    for (column, name) in columns.enumerated() {
      let place = left + field.width * (Double(column) + 0.5)
      drawing.text(name, x: place, y: bottom, size: 11, anchor: .middle)
    }
  }
}
