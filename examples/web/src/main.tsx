import { createRoot } from 'react-dom/client';
import { App } from './App';
import './ui/theme.css';
import './ui/ui.css';
import './pages/pages.css';
import './board/board.css';
import './card/card.css';

createRoot(document.getElementById('root') as HTMLElement).render(<App />);
