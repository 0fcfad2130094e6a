/// Lines from point to point over two scales, the upright one logarithmic; each line has a colour and marks of its own.
public struct LineChart: Sendable {
  /// A line: its name, and its points from left to right.
  public struct Line: Sendable {
    /// A point, and what appears where a pointer rests on it.
    public struct Point: Sendable {
      let x: Double
      let y: Double
      let hint: String

      /// A point.
      public init(x: Double, y: Double, hint: String) { (self.x, self.y, self.hint) = (x, y, hint) }
    }

    let name: String
    let points: [Point]

    /// A line of its points.
    public init(_ name: String, points: [Point]) { (self.name, self.points) = (name, points) }
  }

  /// Less than this part of the greatest number is drawn at the lower edge, as are numbers that are not above 0.
  private static let leastPart = 0.001
  private static let legendWidth = 130.0

  let title: String
  let caption: String
  let lines: [Line]
  /// A place on the level scale that is marked, and what it is.
  let landmark: (x: Double, name: String)?

  /// A chart; `title` says what is on the upright scale, `caption` what is on the level one.
  public init(title: String, caption: String, lines: [Line], landmark: (x: Double, name: String)? = nil) {
    (self.title, self.caption, self.lines, self.landmark) = (title, caption, lines, landmark)
  }

  /// Draws the chart into a rectangle of a drawing, what the lines are beside it on the right.
  public func draw(into drawing: inout SVGDrawing, x: Double, y: Double, width: Double, height: Double) {
    let points = lines.flatMap(\.points)
    let places = points.map(\.x) + (landmark.map { [$0.x] } ?? [])
    let level = Axis(from: places.min() ?? 0, to: places.max() ?? 1, count: 8)
    let greatest = points.map(\.y).max() ?? 1
    let least = points.map(\.y).filter { $0 > greatest * LineChart.leastPart }.min() ?? greatest
    let upright = LogarithmicAxis(from: least, to: greatest)
    let (left, right, top, bottom) = (x + 56, x + width - LineChart.legendWidth, y + 34, y + height - 46)
    func across(_ number: Double) -> Double { left + (right - left) * level.place(number) }
    func up(_ number: Double) -> Double { bottom - (bottom - top) * upright.place(number) }

    drawing.text(title, x: x, y: y + 14, size: 13, bold: true)
    for mark in upright.marks {
      drawing.line(from: (left, up(mark)), to: (right, up(mark)), color: "#dddddd")
      drawing.text(upright.label(mark), x: left - 6, y: up(mark) + 4, size: 11, anchor: .end)
    }
    drawing.line(from: (left, bottom), to: (right, bottom), color: "#222222")
    for mark in level.marks {
      drawing.line(from: (across(mark), bottom), to: (across(mark), bottom + 4), color: "#222222")
      drawing.text(level.label(mark), x: across(mark), y: bottom + 17, size: 11, anchor: .middle)
    }
    drawing.text(caption, x: (left + right) / 2, y: bottom + 38, size: 12, anchor: .middle)
    if let landmark {
      let place = across(landmark.x)
      drawing.path([(place, bottom), (place, top)], color: "#666666", dash: 4)
      drawing.text(landmark.name, x: place + 6, y: top + 10, size: 11, color: "#555555")
    }
    for (index, line) in lines.enumerated() {
      let color = Palette.color(index)
      drawing.path(line.points.map { (across($0.x), up($0.y)) }, color: color, width: 2)
      for point in line.points {
        Mark(index).draw(
          into: &drawing, x: across(point.x), y: up(point.y), radius: 4, color: color, isFilled: point.y >= upright.marks[0],
          hint: point.hint)
      }
      let height = top + 10 + 22 * Double(index)
      drawing.path([(right + 16, height), (right + 40, height)], color: color, width: 2)
      Mark(index).draw(into: &drawing, x: right + 28, y: height, radius: 4, color: color)
      drawing.text(line.name, x: right + 47, y: height + 4)
    }
  }
}
