#if !hasFeature(Embedded)
  extension Operation {
    /// Gives the operation's eight words, in order, to `write`.
    public func encode(_ write: (UInt32) -> Void) {
      func words(_ code: UInt32, _ operands: UInt32...) {
        write(code)
        for operand in operands { write(operand) }
        for _ in (operands.count + 1)..<Operation.wordCount { write(0) }
      }
      func word(_ index: Int) -> UInt32 { UInt32(index) }
      func word(_ index: Int?) -> UInt32 { index.map { UInt32($0) } ?? Operation.absent }
      switch self {
      case .row(let table, let source, let add, let result, let scale):
        words(Code.row, word(table), source.rawValue, word(add), word(result), word(scale))
      case .copy(let source, let result):
        words(Code.copy, word(source), word(result))
      case .unary(let function, let source, let result):
        words(Code.unary, function.rawValue, word(source), word(result))
      case .binary(let function, let left, let right, let result):
        words(Code.binary, function.rawValue, word(left), word(right), word(result))
      case .normalize(let kind, let source, let gain, let bias, let epsilon, let result):
        words(Code.normalize, kind.rawValue, word(source), word(gain), word(bias), epsilon.bitPattern, word(result))
      case .events(let site, let source):
        words(Code.events, word(site), word(source))
      case .linear(let matrix, let layout, let bias, let scale, let result):
        words(Code.linear, word(matrix), layout.rawValue, word(bias), word(scale), word(result))
      case .attention(let query, let key, let value, let cache, let heads, let scale, let result):
        words(
          Code.attention, word(query), word(key), word(value), word(cache), word(heads), scale.bitPattern, word(result))
      case .chain(let count, let elements):
        words(Code.chain, word(count), word(elements))
      case .position(let result):
        words(Code.position, word(result))
      case .arrange(let source, let arrangement, let result):
        words(
          Code.arrange, word(source), word(arrangement.rows), word(arrangement.columns), word(arrangement.blockStep),
          word(arrangement.rowStep), word(arrangement.columnStep), word(result))
      case .reduce(let function, let source, let inner, let result):
        words(Code.reduce, function.rawValue, word(source), word(inner), word(result))
      case .choose(let condition, let left, let right, let result):
        words(Code.choose, word(condition), word(left), word(right), word(result))
      }
    }
  }
#endif
