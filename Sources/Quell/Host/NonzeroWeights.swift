#if !hasFeature(Embedded)
  /// How many weights of each input are not zero, for tools that compare with what counts no others.
  extension Model {
    /// For each input of a linear operation's matrix the number of its weights that are not exactly zero. Reads the whole matrix.
    public func nonzeroWeights(ofMatrix number: Int, _ layout: MatrixLayout) -> [Int] {
      let tensor = storage.pointee.tensors[number]
      let inputs = layout == .inputMajor ? tensor.rows : tensor.columns
      var nonzero = [Int](repeating: 0, count: inputs)
      let row = UnsafeMutablePointer<Float>.allocate(capacity: tensor.columns)
      defer { row.deallocate() }
      for index in 0..<tensor.rows {
        let start = tensor.data + index * tensor.rowBytes
        switch tensor.format {
        case .f32: F32.widen(start, tensor.columns, to: row)
        case .f16: F16.widen(start, tensor.columns, to: row)
        case .bf16: BF16.widen(start, tensor.columns, to: row)
        case .int8: Int8Element.widen(start, tensor.columns, to: row)
        case .int4: Int4Element.widen(start, tensor.columns, to: row)
        case .ternary: TernaryElement.widen(start, tensor.columns, to: row)
        }
        for column in 0..<tensor.columns where row[column] != 0 { nonzero[layout == .inputMajor ? index : column] += 1 }
      }
      return nonzero
    }
  }
#endif
