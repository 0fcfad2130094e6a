/// What stands at the points of a line: each of several lines has a shape of its own beside its colour, so that they can be told apart
/// in grey, too.
enum Mark: Int, CaseIterable {
  case circle, square, triangle, diamond

  /// The mark of the `index`-th of several lines.
  init(_ index: Int) { self = Mark.allCases[index % Mark.allCases.count] }

  /// Draws the mark about a point.
  func draw(into drawing: inout SVGDrawing, x: Double, y: Double, radius: Double, color: String, isFilled: Bool = true, hint: String? = nil)
  {
    let fill = isFilled ? color : "#ffffff"
    func polygon(_ corners: [(Double, Double)]) {
      drawing.polygon(corners.map { (x: x + radius * $0.0, y: y + radius * $0.1) }, fill: fill, stroke: color, hint: hint)
    }
    switch self {
    case .circle: drawing.circle(x: x, y: y, radius: radius, fill: fill, stroke: color, hint: hint)
    case .square: polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
    case .triangle: polygon([(0, -1.2), (1.1, 0.8), (-1.1, 0.8)])
    case .diamond: polygon([(0, -1.3), (1.1, 0), (0, 1.3), (-1.1, 0)])
    }
  }
}
